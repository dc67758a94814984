"""Of a deleted user it is known whether all orders are archived. Of those of before it is not: they are looked through once.

The column's default is the database's, so that replicas of before, which do not name it, go on remembering who is gone.
"""

from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="deleteduser",
            name="settled",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AlterField(
            model_name="deleteduser",
            name="deleted",
            field=models.DateTimeField(default=timezone.now),
        ),
        migrations.AddIndex(
            model_name="deleteduser",
            index=models.Index(condition=models.Q(settled=False), fields=["deleted"], name="deleted_user_unsettled"),
        ),
    ]
