"""An account signs in a person of any kind; invitations and failed tries have tables of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RenameField("account", "practitioner", "person"),
        migrations.AddField("account", "language", models.CharField(max_length=10, default="", blank=True)),
        migrations.AddField(
            "account", "external", models.CharField(max_length=200, default="", blank=True, db_index=True)
        ),
        migrations.AddField("account", "last_role", models.CharField(max_length=80, default="", blank=True)),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("account", models.ForeignKey(on_delete=models.CASCADE, to="accounts.account")),
                ("expires", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Tries",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("failures", models.IntegerField(default=0)),
                ("last", models.BigIntegerField(default=0)),
                ("until", models.BigIntegerField(default=0)),
            ],
        ),
    ]
