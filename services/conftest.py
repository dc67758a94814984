"""One run tests one service, by its settings: SERVICE says which. The library's tests run with the shop's (no SERVICE).

SERVICE=products DJANGO_SETTINGS_MODULE=products.settings pytest services/products
"""

import os
from pathlib import Path

import hypothesis

HERE = Path(__file__).parent
SERVICES = {path.parent.name for path in HERE.glob("*/wsgi.py")}
TOGETHER = {"saga"}  # with settings of its own, in which several services run

hypothesis.settings.register_profile("flotilla", deadline=None)  # of time on a busy machine nothing is to be learnt
hypothesis.settings.load_profile("flotilla")

collect_ignore = sorted((SERVICES | TOGETHER) - {os.environ.get("SERVICE", "web")})
