"""Files on their way from the app: an upload is announced, its bytes come, and then it is shared, once."""

from __future__ import annotations

from dataclasses import dataclass

UPLOADS_KEPT = 100


@dataclass(slots=True)
class Upload:
    """An upload that was announced; `content` is None until its bytes have come. `token` is in its address."""

    file_id: str
    token: str
    name: str
    length: int
    alt_text: str
    content: bytes | None = None


class Uploads:
    """Those that are not shared yet, the newest of them."""

    def __init__(self) -> None:
        self._by_file: dict[str, Upload] = {}

    def announce(self, upload: Upload) -> None:
        """Expect its bytes."""
        self._by_file[upload.file_id] = upload
        while len(self._by_file) > UPLOADS_KEPT:
            del self._by_file[next(iter(self._by_file))]

    def receive(self, token: str, content: bytes) -> bool:
        """Take the bytes of an upload; not if it is unknown, or if they are not as many as were announced."""
        upload = next((each for each in self._by_file.values() if each.token == token), None)
        if upload is None or len(content) != upload.length:
            return False
        upload.content = content
        return True

    def finish(self, file_id: str) -> Upload | None:
        """An upload whose bytes have come, and which is none any more; None if there is none."""
        upload = self._by_file.get(file_id)
        return self._by_file.pop(file_id) if upload is not None and upload.content is not None else None

    def has(self, file_id: str) -> bool:
        """Whether it could be finished."""
        upload = self._by_file.get(file_id)
        return upload is not None and upload.content is not None
