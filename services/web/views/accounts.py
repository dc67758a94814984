"""Accounts are the users service's: login and register ask the gateway first, and only then write a session.

Both forms are idempotent by themselves: sent again they open the same account, and a session like the first.
"""

from django.contrib.auth import login
from django.contrib.auth.views import LogoutView, RedirectURLMixin
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from flotilla import context
from flotilla.keys.marks import idempotent
from web import calls, gateway, services, tokens
from web.carts import cart_id_forget
from web.forms import LoginForm, RegisterForm
from web.gateway import Account, Tokens
from web.views.members import again_later, too_many

AWAY = "Logging in is not possible at the moment. You can look around, and your cart is kept; please try again soon."
CLOSED = "This account has been closed in the shop."


@method_decorator([never_cache, sensitive_post_parameters("password"), idempotent], name="dispatch")
class Entrance(RedirectURLMixin, FormView):
    """A form that ends in a session. Whatever speaks against it is said in the form, with the status that fits."""

    next_page = "home"

    def enter(self, data: dict) -> tuple[Account, Tokens]:
        raise NotImplementedError

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            account, fresh = self.enter(form.cleaned_data)
        except calls.TooMany as refusal:
            return again_later(self.refused(form, too_many(refusal), 429), refusal.again)
        except calls.Away as away:
            return again_later(self.refused(form, AWAY, 503), away.again)
        except calls.Refused as refusal:
            for field, words in self.errors(refusal):
                form.add_error(field if field in form.fields else None, words)
            return self.form_invalid(form)
        return self.let_in(form, account, fresh)

    def errors(self, refusal: calls.Refused) -> list[tuple[str | None, str]]:
        return [*refusal.errors] or [(None, str(refusal))]

    def let_in(self, form: Form, account: Account, fresh: Tokens) -> HttpResponse:
        user = services.account_known(account_id=account.id, email=account.email, name=account.name)
        if not user.is_active:
            return self.refused(form, CLOSED, 422)
        login(self.request, user, backend="django.contrib.auth.backends.ModelBackend")
        tokens.tokens_keep(self.request, fresh)
        return keep_cart(self.request, redirect(self.get_success_url()))

    def refused(self, form: Form, words: str, status: int) -> HttpResponse:
        form.add_error(None, words)
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def form_invalid(self, form: Form) -> HttpResponse:
        """422, so that nobody takes it for done."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


def keep_cart(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """After login: the guest's cart becomes part of the account's."""
    if request.cart_id:
        services.cart_merge(guest_cart_id=request.cart_id, owner=request.user)
        cart_id_forget(response)
    return response


class Login(Entrance):
    form_class = LoginForm
    template_name = "registration/login.html"

    def enter(self, data: dict) -> tuple[Account, Tokens]:
        fresh = gateway.token_make(email=data["email"], password=data["password"])
        return gateway.account_get(access=fresh.access), fresh

    def errors(self, refusal: calls.Refused) -> list[tuple[str | None, str]]:
        if isinstance(refusal, calls.LoginNeeded):
            return [(None, "This address and this password do not belong together.")]
        return super().errors(refusal)


class Register(Entrance):
    form_class = RegisterForm
    template_name = "registration/register.html"

    def enter(self, data: dict) -> tuple[Account, Tokens]:
        account = gateway.account_register(**data, key=context.current().request_key)
        return account, gateway.token_make(email=data["email"], password=data["password"])

    def errors(self, refusal: calls.Refused) -> list[tuple[str | None, str]]:
        if isinstance(refusal, calls.Conflict):
            return [("email", "There is an account with this address already. Log in with it, or take another one.")]
        return super().errors(refusal)


class Logout(LogoutView):
    """The session ends, and the tokens that were in it with it."""

    next_page = "home"
