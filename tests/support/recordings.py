"""The streams that prove the rules, recorded from the mock: each once, when it is first asked for."""

from io import BytesIO

from sseprobe.streams.cassette import Cassette, load, save
from tests.rules.proofs import Proof, all_proofs
from tests.support.mock import Mock
from tests.support.takes import record


class Recordings:
    """By name: the id of a rule, and `good` or `bad`: `TRM001/bad`."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._proofs: dict[str, Proof] = all_proofs()
        self._files: dict[str, bytes] = {}

    def file(self, name: str) -> bytes:
        """The recording as a cassette's file has it."""
        if name not in self._files:
            rule, _, kind = name.partition("/")
            proof = self._proofs[rule]
            self._files[name] = save(record(self._mock.url, proof.good if kind == "good" else proof.bad))
        return self._files[name]

    def __call__(self, name: str) -> Cassette:
        """The recording."""
        return load(BytesIO(self.file(name)), name)
