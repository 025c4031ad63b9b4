import pytest

from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import ReplyError
from sync.couchdb_http.selectors import compile_selector

CASE: dict[str, Json] = {
    "_id": "hx-0001",
    "item": "养老认证",
    "days": 7,
    "applicant": {"age": 68, "phones": ["139", "022"]},
    "materials": [{"name": "身份证", "pages": 2}, {"name": "照片", "pages": 1}],
    "urgent": False,
    "note": None,
}


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"item": "养老认证"},
        {"days": {"$gt": 6, "$lt": 8}},
        {"days": {"$gte": 7}, "urgent": False},
        {"days": {"$ne": 8}},
        {"applicant.age": {"$lte": 68}},
        {"applicant": {"age": {"$eq": 68}}},
        {"applicant.phones.1": "022"},
        {"days": {"$in": [1, 7]}},
        {"days": {"$nin": [1, 2]}},
        {"applicant.phones": {"$in": ["022"]}},
        {"applicant.phones": {"$all": ["022", "139"]}},
        {"applicant.phones": {"$size": 2}},
        {"materials": {"$elemMatch": {"pages": {"$gt": 1}}}},
        {"materials": {"$allMatch": {"pages": {"$gte": 1}}}},
        {"applicant.phones": {"$elemMatch": {"$eq": "139"}}},
        {"applicant": {"$keyMapMatch": {"$eq": "age"}}},
        {"fee": {"$exists": False}},
        {"note": {"$exists": True}},
        {"note": {"$type": "null"}},
        {"note": None},
        {"days": {"$mod": [4, 3]}},
        {"item": {"$regex": "^养老"}},
        {"item": {"$beginsWith": "养"}},
        {"$or": [{"days": 1}, {"urgent": False}]},
        {"$and": [{"days": 7}, {"urgent": False}]},
        {"$nor": [{"days": 1}, {"urgent": True}]},
        {"$not": {"days": 8}},
        {"days": {"$not": {"$gt": 7}}},
        {"$not": {"$and": [{"days": 7}, {"urgent": True}]}},
        {"days": {"$or": [{"$lt": 2}, {"$gt": 6}]}},
        {"_id": {"$gt": "hx-"}},
        {"item": {"$gt": None}},
        {"applicant": {}},
    ],
)
def test_a_selector_matches_what_couchdb_matches(selector: Json) -> None:
    assert compile_selector(selector)(CASE)


@pytest.mark.parametrize(
    "selector",
    [
        {"item": "低保"},
        {"days": {"$gt": 7}},
        {"days": "7"},
        {"fee": {"$ne": 1}},
        {"fee": {"$not": {"$gt": 1}}},
        {"$not": {"fee": 1}},
        {"fee": {"$nin": [1]}},
        {"fee": {}},
        {"applicant.phones": {"$nin": ["022"]}},
        {"materials": {"$allMatch": {"pages": 2}}},
        {"applicant": {"$allMatch": {"age": 68}}},
        {"days": {"$size": 1}},
        {"urgent": {"$mod": [2, 0]}},
        {"days": {"$regex": "7"}},
        {"days": {"$type": "string"}},
        {"$or": []},
        {"$nor": [{"days": 7}]},
    ],
)
def test_a_selector_leaves_out_what_couchdb_leaves_out(selector: Json) -> None:
    assert not compile_selector(selector)(CASE)


@pytest.mark.parametrize(
    "selector",
    [
        [],
        "days",
        {"days": {"$above": 3}},
        {"days": {"$where": "1"}},
        {"$and": {}},
        {"$not": 1},
        {"days": {"$in": 1}},
        {"days": {"$mod": [0, 1]}},
        {"days": {"$mod": [2]}},
        {"days": {"$size": -1}},
        {"days": {"$exists": 1}},
        {"days": {"$type": 1}},
        {"days": {"$regex": "(?=a)"}},
        {"days": {"$elemMatch": 1}},
        {"": 1},
        {"a..b": 1},
    ],
)
def test_what_is_no_selector_is_refused(selector: Json) -> None:
    with pytest.raises(ReplyError) as refusal:
        compile_selector(selector)

    assert refusal.value.status == 400


def test_a_selector_nested_without_end_is_refused() -> None:
    selector: Json = {"days": 1}
    for _ in range(100):
        selector = {"$not": selector}

    with pytest.raises(ReplyError, match="too large"):
        compile_selector(selector)


def test_a_dot_in_a_name_can_be_escaped() -> None:
    assert compile_selector({"a\\.b": 1})({"a.b": 1})
