"""What of a report is the user's: on data alone."""

from devtask_migrate.subtraction import subtract


def operation(label, uses=(), reverse=None, **attributes):
    kind, place = label.split(" ")
    table, _, name = place.partition(".")
    columns = [f"{table}.{one}" if "." not in one else one for one in uses]
    tables = sorted({table} | {one.partition(".")[0] for one in columns})
    return {
        "kind": kind,
        "schema": None,
        "table": table,
        "name": name,
        "attributes": attributes,
        "uses": {"tables": tables, "columns": columns},
        "reverse": reverse,
    }


def report(*upgrade, downgrade=(), models=None):
    return {"upgrade": list(upgrade), "downgrade": list(downgrade), "models": models or {}}


def test_without_a_base_everything_is_the_users():
    choice = subtract(report(operation("drop_index t.i")), None)
    assert (choice.upgrade, choice.kept) == ([True], ["drop_index t.i"])


def test_equal_operations_are_left_out_as_often_as_the_base_has_them():
    one = operation("execute t", sql="x")
    choice = subtract(report(one, one), report(one))
    assert choice.upgrade == [False, True]


def test_one_attribute_more_makes_another_operation():
    choice = subtract(
        report(operation("create_index t.i", unique="True")), report(operation("create_index t.i", unique="False"))
    )
    assert choice.upgrade == [True]
    assert choice.gone == ["create_index t.i"]


def test_a_column_is_altered_attribute_by_attribute():
    base = report(operation("alter_column t.c", nullable="True", type_="sa.Text()"))
    now = report(operation("alter_column t.c", nullable="True", comment="'x'"))
    choice = subtract(now, base)
    assert choice.upgrade == [["nullable"]]
    assert choice.left_out == ["alter_column t.c (nullable)"]
    assert choice.gone == ["alter_column t.c (type_)"]


def test_the_downgrade_follows_the_upgrade():
    noise = operation("drop_index t.i", reverse=1)
    own = operation("add_column t.c", reverse=0)
    downs = [operation("drop_column t.c"), operation("create_index t.i")]
    choice = subtract(report(noise, own, downgrade=downs), report(operation("drop_index t.i")))
    assert (choice.upgrade, choice.downgrade) == ([False, True], [True, False])


def test_a_downgrade_that_undoes_nothing_is_compared_itself():
    downs = [operation("execute t", sql="a"), operation("execute t", sql="b")]
    choice = subtract(report(downgrade=downs), report(downgrade=downs[:1]))
    assert choice.downgrade == [False, True]


NEEDED = [
    # (the user's, noise, whether it is kept)
    (operation("drop_column t.c"), operation("drop_index t.i", ["c"]), True),
    (operation("drop_column t.c"), operation("drop_constraint o.fk", ["x", "t.c"]), True),
    (operation("drop_column t.c"), operation("drop_index t.i", ["d"]), False),
    (operation("drop_column t.c"), operation("create_index t.i", ["d"]), False),
    (operation("drop_table t"), operation("drop_index t.i", ["c"]), True),
    (operation("drop_table t"), operation("drop_constraint o.fk", ["x", "t.c"]), True),
    (operation("drop_table t"), operation("drop_index o.i", ["c"]), False),
    (operation("create_index t.i", ["c"]), operation("add_column t.c", ["c"]), True),
    (operation("create_index t.i", ["d"]), operation("add_column t.c", ["c"]), False),
    (operation("create_foreign_key t.fk", ["c", "o.id"]), operation("create_table o"), True),
    (operation("add_column t.c", ["c"]), operation("create_table o"), False),
    (operation("create_index t.i", ["c"]), operation("drop_index t.i", ["d"]), True),
    (operation("create_index t.i", ["c"]), operation("drop_index t.j", ["c"]), False),
    (operation("create_unique_constraint t.u", ["c"]), operation("drop_constraint t.u", ["d"]), True),
]


def test_noise_that_the_change_needs_is_kept():
    for own, noise, kept in NEEDED:
        for now in (report(own, noise), report(noise, own)):
            choice = subtract(now, report(noise))
            assert (len(choice.needed), len(choice.left_out)) == ((1, 0) if kept else (0, 1)), (own, noise)


def test_what_is_needed_may_need_more():
    chain = [
        operation("create_foreign_key t.fk", ["c", "o.id"]),
        operation("create_table o"),
        operation("add_column t.c", ["c"]),
    ]
    choice = subtract(report(*chain), report(*chain[1:]))
    assert choice.upgrade == [True, True, True]


def test_patterns_keep_operations():
    noise = [operation("drop_index t.i"), operation("drop_index t.j"), operation("drop_column t.i")]
    for pattern, count in (
        ("drop_index t.i", 1),
        ("drop_index *", 2),
        ("i", 2),
        ("t.*", 3),
        ("drop_index i", 1),
        ("x", 0),
    ):
        assert len(subtract(report(*noise), report(*noise), keep=[pattern]).asked_for) == count, pattern
    assert subtract(report(*noise), report(*noise), keep_all=True).upgrade == [True] * 3


def test_a_left_out_operation_on_what_has_changed_in_the_models_is_told():
    noise = [operation("drop_index t.ix_a", ["a"]), operation("drop_index t.ix_b", ["b"])]
    now, base = {"t": ["Column(a)", "Index(ix_a, a)"]}, {"t": ["Column(a)"]}
    choice = subtract(report(*noise, models=now), report(*noise, models=base))
    assert choice.coincides == ["drop_index t.ix_a"]
