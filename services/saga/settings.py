"""Orders and products in one process and one database.

SERVICE=saga DJANGO_SETTINGS_MODULE=saga.settings pytest services/saga
"""

from orders import settings as orders
from products import settings as products

globals().update({name: value for name, value in vars(orders).items() if name.isupper()})

INSTALLED_APPS = list(dict.fromkeys([*orders.INSTALLED_APPS, *products.INSTALLED_APPS]))
