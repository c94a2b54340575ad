"""add concurrency limit to deployments

Revision ID: 7c61d0b83f5a
Revises: 03fb147e225b
Create Date: 2026-11-23 06:03:15.904312+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "7c61d0b83f5a"
down_revision = "03fb147e225b"
branch_labels = None
depends_on = None


def upgrade():
    # the table is rebuilt, and runs refer to it: without this every run would forget its deployment
    op.execute("PRAGMA foreign_keys=OFF")

    with op.batch_alter_table("deployment") as batch_op:
        batch_op.add_column(sa.Column("concurrency_limit", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_deployment__concurrency_limit_positive"), "concurrency_limit > 0"
        )

    op.execute("PRAGMA foreign_keys=ON")


def downgrade():
    op.execute("PRAGMA foreign_keys=OFF")

    with op.batch_alter_table("deployment") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_deployment__concurrency_limit_positive"), type_="check")
        batch_op.drop_column("concurrency_limit")

    op.execute("PRAGMA foreign_keys=ON")
