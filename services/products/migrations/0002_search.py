"""Full text search, on Postgres: a stored search vector (name before description) and its index.

Not a model field: SQLite, which the unit tests use, has no such type. Selectors name the column (FullText).
"""

from django.db import migrations

CREATE = """
ALTER TABLE products_product ADD COLUMN search tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'B')
) STORED;
CREATE INDEX product_search ON products_product USING gin (search);
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE products_product DROP COLUMN search")


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
