"""The nearest ASCII of a sign that a terminal cannot show, as the error handler of an encoding."""

import codecs
import unicodedata

HANDLER = "nearest"
_SIGNS = {
    **dict.fromkeys("–—―‐‑‒−─━", "-"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛‹›′", "'"),
    **dict.fromkeys("·•●■▲◆▼✚∙⋅", "*"),
    **dict.fromkeys("×✕✗✘", "x"),
    **dict.fromkeys("│┃¦", "|"),
    **{"✓": "+", "÷": "/", "⁄": "/", "→": "->", "←": "<-", "↔": "<->", "⇒": "=>"},
    **{"≥": ">=", "≤": "<=", "≈": "~", "≠": "!=", "±": "+-", "∞": "inf", "√": "sqrt", "°": "deg"},
    **{"µ": "u", "μ": "u", "α": "alpha", "λ": "lambda", "ρ": "rho", "σ": "sigma", "Σ": "sum"},
    **{"φ": "phi", "χ": "chi", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "€": "EUR"},
    **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*##", strict=True)),
}


def nearest(text: str) -> str:
    """The same in ASCII: what has no likeness there becomes a question mark."""
    return "".join(map(_sign, text))


def _sign(sign: str) -> str:
    if sign.isascii():
        return sign
    if (likeness := _SIGNS.get(sign)) is not None:
        return likeness
    if unicodedata.combining(sign):
        return ""  # the letter below it has been said already
    parts = unicodedata.normalize("NFKD", sign)
    if parts == sign:
        return "?"
    return "".join(map(_sign, parts))


def register() -> None:
    """Make it known to Python, for `errors=HANDLER` of a stream."""
    codecs.register_error(HANDLER, _replaced)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return nearest(error.object[error.start : error.end]), error.end
