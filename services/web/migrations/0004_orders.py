"""Accounts are the users service's, which sees to it that an address is one account's; and a cart knows its orders.

All columns are null at first, so that replicas of before, which do not name them, go on writing carts.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0003_read_model")]
    operations = [
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(max_length=254),
        ),
        migrations.AddField(
            model_name="cart",
            name="order_key",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="cart",
            name="ordered_key",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="cart",
            name="ordered_id",
            field=models.UUIDField(editable=False, null=True),
        ),
    ]
