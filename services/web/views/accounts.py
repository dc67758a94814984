"""Accounts: Django's own login and logout, a register form on its user form. On login a guest's cart is kept."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from web import services
from web.carts import cart_id_forget
from web.forms import LoginForm, RegisterForm


class Refusing:
    """An invalid form is answered 422, so that nobody takes it for done."""

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


def keep_cart(request, response):
    """After login: the guest's cart becomes part of the account's."""
    if request.cart_id:
        services.cart_merge(guest_cart_id=request.cart_id, owner=request.user)
        cart_id_forget(response)
    return response


class Login(Refusing, LoginView):
    authentication_form = LoginForm

    def form_valid(self, form):
        return keep_cart(self.request, super().form_valid(form))


@method_decorator(never_cache, name="dispatch")
class Register(Refusing, FormView):
    form_class = RegisterForm
    template_name = "registration/register.html"

    def form_valid(self, form):
        data = form.cleaned_data
        try:
            user = services.user_register(username=data["username"], email=data["email"], password=data["password1"])
        except services.NameTaken:
            form.add_error(None, "This name or address has just been taken.")
            return self.form_invalid(form)
        login(self.request, user, backend="django.contrib.auth.backends.ModelBackend")
        return keep_cart(self.request, redirect("home"))


class Logout(LogoutView):
    next_page = "home"
