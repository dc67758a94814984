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
            name='Category',
            fields=[
                ('id', models.UUIDField(default=flotilla.uuid7.uuid7, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=60, unique=True)),
                ('tagline', models.CharField(max_length=160)),
                ('position', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'categories',
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('order_id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('reserved', 'Reserved'), ('rejected', 'Rejected'), ('released', 'Released')], max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('reason', models.TextField(default='')),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.UUIDField(default=flotilla.uuid7.uuid7, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(max_length=120, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField()),
                ('motif', models.CharField(max_length=30)),
                ('price_cents', models.PositiveIntegerField()),
                ('featured', models.BooleanField(default=False)),
                ('stock', models.PositiveIntegerField(default=0)),
                ('created', models.DateTimeField(default=django.utils.timezone.now)),
                ('version', models.PositiveBigIntegerField(default=1)),
                ('removed_at', models.DateTimeField(null=True)),
                ('category', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='products', to='products.category')),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('removed_at', None)), fields=['-created', '-id'], name='product_newest'),
                    models.Index(condition=models.Q(('removed_at', None)), fields=['category', '-created', '-id'], name='product_of_category'),
                    models.Index(condition=models.Q(('removed_at', None), ('featured', True)), fields=['-created', '-id'], name='product_featured'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('stock__gte', 0)), name='product_stock_never_below_zero'),
                    models.CheckConstraint(condition=models.Q(('price_cents__gt', 0)), name='product_costs_something'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReservationLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('reservation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='products.reservation')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('reservation', 'product'), name='reservation_line_once'),
                    models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='reservation_line_takes_something'),
                ],
            },
        ),
    ]
