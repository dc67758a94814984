import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='EmailClaim',
            fields=[
                ('email', models.CharField(max_length=254, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('email', models.CharField(max_length=254)),
                ('name', models.CharField(max_length=120)),
                ('password', models.CharField(max_length=128)),
                ('role', models.CharField(choices=[('customer', 'Customer'), ('staff', 'Staff')], default='customer', max_length=8)),
                ('epoch', models.PositiveIntegerField(default=1)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['customer', 'staff'])), name='user_role_known')],
            },
        ),
    ]
