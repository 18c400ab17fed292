from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0003_record_property_index'),
    ]

    operations = [
        migrations.AlterField(
            model_name='syncchange',
            name='record_id',
            field=models.UUIDField(),
        ),
    ]
