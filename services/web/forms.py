"""What visitors may send. A form that does not fit is answered 422 with its errors; nothing is written."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.core.validators import ProhibitNullCharactersValidator

from web.models import QUANTITY_MAX, RATING_MAX, REVIEW_TEXT_MAX, User

QUERY_MAX = 200


class PlainText(forms.CharField):
    """Browsers send CRLF for a line end and count one character: store LF, so that both counts agree."""

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")


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


class LoginForm(AuthenticationForm):
    """Django's own; named here so that its fields can be worded."""


class RegisterForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("username", "email")
