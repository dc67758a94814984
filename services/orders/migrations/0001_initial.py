import django.db.models.deletion
import django.utils.timezone
import flotilla.uuid7
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='DeletedUser',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('deleted', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('price_cents', models.PositiveIntegerField()),
                ('removed', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(default=flotilla.uuid7.uuid7, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('confirmed', 'Confirmed'), ('rejected', 'Rejected'), ('cancelled', 'Cancelled'), ('archived', 'Archived')], default='pending', max_length=10)),
                ('total_cents', models.PositiveBigIntegerField()),
                ('sold', models.BooleanField(default=False)),
                ('reason', models.TextField(blank=True, default='')),
                ('version', models.PositiveIntegerField(default=1)),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('answer_by', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['user_id', '-id'], name='order_newest_of_user'), models.Index(condition=models.Q(('status', 'pending')), fields=['answer_by'], name='order_unanswered')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'confirmed', 'rejected', 'cancelled', 'archived'])), name='order_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('sold', True), ('status__in', ['confirmed', 'archived'])), models.Q(('sold', False), models.Q(('status', 'confirmed'), _negated=True)), _connector='OR'), name='order_confirmed_is_sold'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='order_version_from_1')],
            },
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_id', models.UUIDField()),
                ('name', models.CharField(max_length=120)),
                ('price_cents', models.PositiveIntegerField()),
                ('quantity', models.PositiveSmallIntegerField()),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.order')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('order', 'product_id'), name='order_line_once_per_product'), models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 99)), name='order_line_quantity_1_to_99')],
            },
        ),
    ]
