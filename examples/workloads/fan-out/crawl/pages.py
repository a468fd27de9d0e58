"""What a crawler computes: the links of a page that it has fetched."""

from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a link leads."""
        target = dict(attrs).get("href") if tag == "a" else None
        if target:
            self.found.append(target)


def links(address: str, text: str) -> list[str]:
    """Where a page links to, each place once, without the part behind `#`."""
    parser = _Anchors()
    parser.feed(text)
    places = (urldefrag(urljoin(address, target)).url for target in parser.found)
    return sorted({place for place in places if place.startswith(("http://", "https://"))})
