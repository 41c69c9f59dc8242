"""What is packed with brotli. Only the name of a file says so."""

from io import RawIOBase
from typing import Any, Final

import brotli

_CHUNK: Final = 1 << 16


class BrotliStream(RawIOBase):
    """Unpacks what is read, and holds little of it. Reading raises OSError and EOFError for broken files."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed
        self._decompressor = brotli.Decompressor()
        self._unpacked = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._unpacked and not self._decompressor.is_finished():
            self._unpack()
        taken = self._unpacked[: len(buffer)]
        self._unpacked = self._unpacked[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _unpack(self) -> None:
        takes_more = self._decompressor.can_accept_more_data()
        packed = self._packed.read(_CHUNK) if takes_more else b""
        try:
            # It may hold back something after the last byte was given to it.
            self._unpacked = self._decompressor.process(packed, output_buffer_limit=_CHUNK)
        except brotli.error:
            raise OSError("it is not packed with brotli, as its name says") from None
        if takes_more and not packed and not self._unpacked and not self._decompressor.is_finished():
            raise EOFError("it ends too early")
