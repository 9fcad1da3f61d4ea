"""HTML and SVG out of nodes: the standard library escapes all that is text."""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring


def node(tag: str, *children: Element | str, **attributes: str) -> Element:
    """Return an element; ``class_`` stands for ``class``, a hyphen for an underscore."""
    element = Element(
        tag, {name.rstrip("_").replace("_", "-"): text for name, text in attributes.items()}
    )
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif last is None:
            element.text = (element.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return element


def html(root: Element) -> str:
    """Write a document."""
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"
