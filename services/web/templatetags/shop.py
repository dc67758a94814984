"""Template tags of the shop: money, stock, stars."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe

register = template.Library()


@register.filter
def price(cents: int) -> str:
    """`1290` → `€12.90`."""
    return f"€{cents // 100:,}.{cents % 100:02}"


@register.filter
def in_stock(count: int) -> str:
    """`12` → `12 in stock`."""
    return f"{count:,} in stock" if count else "Sold out"


@register.simple_tag
def stars(rating: float | None, count: int | None = None) -> str:
    """Five stars, filled to the half star; said in words to those who cannot see them."""
    if not rating:
        return "" if count is None else mark_safe('<span class="rating">No reviews yet</span>')
    halves = round(rating * 2)
    number = "" if count is None else format_html(' <span class="rating-count">({})</span>', count)
    return format_html(
        '<span class="rating"><span class="stars stars-{}" role="img" aria-label="{} of 5 stars"></span>{}</span>',
        halves, f"{rating:g}", number,
    )  # fmt: skip


ORDER_STATES = {
    "pending": ("Being set aside", "We are taking your things from the shelf. This takes a moment."),
    "confirmed": ("Confirmed", "Everything is set aside for you. You can still cancel."),
    "rejected": ("Not possible", "Nothing was sold, and nothing is to be paid."),
    "cancelled": ("Cancelled", "Everything has gone back to the shelf."),
    "archived": ("Archived", "The account was deleted."),
}


@register.filter
def order_state(status: str) -> str:
    """`confirmed` → `Confirmed`; one that the shop does not know, as it is."""
    return ORDER_STATES[status][0] if status in ORDER_STATES else status


@register.filter
def order_words(status: str) -> str:
    """What it means."""
    return ORDER_STATES[status][1] if status in ORDER_STATES else ""
