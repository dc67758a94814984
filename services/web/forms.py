"""What visitors may send. A form that does not fit is answered 422 with its errors; nothing is written."""

from django import forms
from django.core.validators import ProhibitNullCharactersValidator

from web.models import QUANTITY_MAX, RATING_MAX, REVIEW_TEXT_MAX

QUERY_MAX = 200
ACCOUNT_NAME_MAX, PASSWORD_MAX = 120, 256  # the users service's own


class PlainText(forms.CharField):
    """Browsers send CRLF for a line end and count one character: store LF, so that both counts agree."""

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")


class Password(forms.CharField):
    """Blanks belong to it."""

    def __init__(self, **options):
        super().__init__(label="Password", strip=False, max_length=PASSWORD_MAX, **options)


class ReviewForm(forms.Form):
    rating = forms.TypedChoiceField(
        label="Your rating",
        choices=[(5, "5 · Love it"), (4, "4 · Good"), (3, "3 · Fine"), (2, "2 · Not great"), (1, "1 · Poor")],
        coerce=int,
        widget=forms.Select,
        error_messages={"invalid_choice": f"Give 1 to {RATING_MAX} stars."},
    )
    title = forms.CharField(label="Headline", max_length=120)
    text = PlainText(
        label="Your review",
        max_length=REVIEW_TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=f"Up to {REVIEW_TEXT_MAX:,} characters.",
    )


class CartAddForm(forms.Form):
    quantity = forms.IntegerField(label="Quantity", min_value=1, max_value=QUANTITY_MAX, initial=1)


class CartItemForm(forms.Form):
    quantity = forms.IntegerField(label="Quantity", min_value=0, max_value=QUANTITY_MAX)


class SearchForm(forms.Form):
    q = forms.CharField(max_length=QUERY_MAX, required=False, validators=[ProhibitNullCharactersValidator()])


class LoginForm(forms.Form):
    """Whether the two belong together, the users service says."""

    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = Password(widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))


class RegisterForm(forms.Form):
    """What a good password is, and whether the address is taken, the users service says."""

    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    name = forms.CharField(
        label="Your name",
        max_length=ACCOUNT_NAME_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As it stands beside your reviews.",
    )
    password = Password(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not one that everybody has.",
    )


class CheckoutForm(forms.Form):
    """The key of the cart that was shown. No prices, no products: what is ordered is what the cart holds."""

    cart = forms.UUIDField()
