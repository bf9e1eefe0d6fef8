"""The running worker: Faust, transactions, restore, health."""
