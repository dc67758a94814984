"""The catalogue becomes a read model: stock, the version that was last heard of, and what is no longer sold.

Names and slugs are no longer unique here: who owns them sees to that, and events of two products may cross on the way.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0002_search")]
    operations = [
        migrations.AlterField(
            model_name="category",
            name="name",
            field=models.CharField(max_length=60),
        ),
        migrations.AlterField(
            model_name="product",
            name="slug",
            field=models.SlugField(max_length=120),
        ),
        migrations.AddField(
            model_name="product",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="stock",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="product",
            name="version",
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
