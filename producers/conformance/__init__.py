"""What a platform's engineer asks of a file: was it understood, and as it was meant?"""
