"""add concurrency limit to deployments

Revision ID: ad53e2efa1b9
Revises: 4145a9feec10
Create Date: 2026-11-23 06:03:16.902879+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "ad53e2efa1b9"
down_revision = "4145a9feec10"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("deployment", sa.Column("concurrency_limit", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_deployment__concurrency_limit_positive"), "deployment", "concurrency_limit > 0"
    )


def downgrade():
    op.drop_constraint(op.f("ck_deployment__concurrency_limit_positive"), "deployment", type_="check")
    op.drop_column("deployment", "concurrency_limit")
