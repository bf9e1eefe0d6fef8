"""`python -m tests.tools.fuzz TARGET --seconds N`: fuzz a target, guided by what it covers (libFuzzer through atheris)."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["streams"]):
    from tests.tools.fuzz.targets import TARGETS

from tests.tools.fuzz.seeds import dictionary_words, seed_inputs


def main() -> None:
    """Fuzz until the time is over or a promise is broken; the input that breaks one is written beside the corpus."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was found, to go on from")
    wanted = parser.parse_args()
    with TemporaryDirectory(prefix="safeclock-fuzz-") as name:
        folder = Path(name)
        corpus, beginning = wanted.corpus or folder / "corpus", folder / "seeds"
        for made in (corpus, beginning):
            made.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seed_inputs(wanted.target)):
            (beginning / f"{number:04}").write_bytes(data)
        (folder / "words").write_text("".join(f'"{word}"\n' for word in dictionary_words() if '"' not in word))
        options = [f"-max_total_time={wanted.seconds}", f"-dict={folder / 'words'}", "-max_len=4096", "-timeout=10"]
        options += ["-print_final_stats=1", f"-artifact_prefix={corpus}/broken-"]
        atheris.Setup([sys.argv[0], *options, str(corpus), str(beginning)], TARGETS[wanted.target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
