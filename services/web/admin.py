"""The staff's view, at /admin/. Every list selects what it shows in one query."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from web.models import Cart, CartItem, Category, Product, Review, User
from web.services import review_delete

admin.site.site_header = admin.site.site_title = "Flotilla"


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Staff; and the shadows of the shop's accounts, whose address and name their next login sets again."""

    list_display = ("username", "email", "first_name", "is_staff", "date_joined")


class Owned(admin.ModelAdmin):
    """Written by another service, whose events would undo what is changed here: it is looked at only."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Category)
class CategoryAdmin(Owned):
    list_display = ("name", "slug", "position")


@admin.register(Product)
class ProductAdmin(Owned):
    list_display = ("name", "category", "price_cents", "stock", "featured", "rating_count", "view_count", "version")
    list_filter = ("category", "featured", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("category",)
    search_fields = ("name", "slug")


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    """Read and delete only: what people wrote stays what they wrote."""

    list_display = ("title", "product", "author", "rating", "created")
    list_filter = ("rating",)
    list_select_related = ("product", "author")
    search_fields = ("title", "text", "product__name", "author__username")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def delete_model(self, request, obj):
        review_delete(review=obj)

    def delete_queryset(self, request, queryset):
        for review in queryset:
            review_delete(review=review)


class CartItemInline(admin.TabularInline):
    model = CartItem
    extra = 0
    autocomplete_fields = ("product",)


@admin.register(Cart)
class CartAdmin(admin.ModelAdmin):
    list_display = ("id", "owner", "created")
    list_select_related = ("owner",)
    raw_id_fields = ("owner",)
    inlines = (CartItemInline,)
