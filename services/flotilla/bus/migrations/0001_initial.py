import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='BrokerSeen',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('identity', models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='EntityVersion',
            fields=[
                ('pk', models.CompositePrimaryKey('consumer', 'entity', 'subject', blank=True, editable=False, primary_key=True, serialize=False)),
                ('consumer', models.CharField(max_length=30)),
                ('entity', models.CharField(max_length=60)),
                ('subject', models.CharField(max_length=64)),
                ('version', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.UUIDField()),
                ('consumer', models.CharField(max_length=30)),
                ('type', models.CharField(max_length=80)),
                ('body', models.JSONField()),
                ('reason', models.TextField()),
                ('attempts', models.PositiveIntegerField(default=1)),
                ('first_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('replayed_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event_id', 'consumer'), name='bus_deadletter_once')],
            },
        ),
        migrations.CreateModel(
            name='Inbox',
            fields=[
                ('pk', models.CompositePrimaryKey('event_id', 'consumer', blank=True, editable=False, primary_key=True, serialize=False)),
                ('event_id', models.UUIDField()),
                ('consumer', models.CharField(max_length=30)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('due_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('body', models.JSONField(null=True)),
                ('reason', models.TextField(default='')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='bus_inbox_due')],
            },
        ),
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('entity', models.CharField(max_length=60)),
                ('subject', models.CharField(max_length=64)),
                ('version', models.BigIntegerField()),
                ('body', models.JSONField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('entity', 'subject', 'version'), name='bus_outbox_version_once')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('queue', models.CharField(max_length=30)),
                ('published_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='bus.outbox')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('confirmed_at', None), ('published_at', None)), fields=['queue', 'id'], name='bus_delivery_unsent'), models.Index(condition=models.Q(('confirmed_at', None), ('published_at__isnull', False)), fields=['due_at'], name='bus_delivery_sent')],
                'constraints': [models.UniqueConstraint(fields=('event', 'queue'), name='bus_delivery_once')],
            },
        ),
    ]
