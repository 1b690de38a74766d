"""The round of simple-salesforce. It gets a session as docs/clients.md says, because it signs in by https only."""

import json
import os
from importlib.metadata import version
from urllib.parse import quote, urlparse

import requests
from simple_salesforce import Salesforce, SalesforceError

API_VERSION = "62.0"
ROUND = {name: os.environ[f"ROUND_{name}"] for name in (
    "ORG", "BASE", "CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD", "SECURITY_TOKEN", "KEY")}  # fmt: skip


def tell(step, answer):
    print(json.dumps({"step": step, "answer": answer}), flush=True)


class PlainHttp(requests.adapters.HTTPAdapter):
    def send(self, request, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


def sign_in():
    print(json.dumps({"version": version("simple-salesforce")}), flush=True)
    form = {
        "grant_type": "password",
        "client_id": ROUND["CLIENT_ID"],
        "client_secret": ROUND["CLIENT_SECRET"],
        "username": ROUND["USERNAME"],
        "password": ROUND["PASSWORD"] + ROUND["SECURITY_TOKEN"],
    }
    answer = requests.post(f"{ROUND['ORG']}/services/oauth2/token", data=form, timeout=60).json()
    base = urlparse(ROUND["BASE"])
    session = requests.Session()
    session.mount(f"https://{base.netloc}/", PlainHttp())
    sf = Salesforce(
        instance=base.netloc + base.path,
        session_id=answer["access_token"],
        version=API_VERSION,
        session=session,
    )
    tell("sign in", {"id": answer["id"], "token_type": answer["token_type"]})
    return sf


def read(sf):
    tell("limits", sf.limits()["DailyApiRequests"]["Max"])
    described = sf.Account.describe()
    fields = [field["name"] for field in described["fields"]]
    tell("describe", {"name": described["name"], "keyPrefix": described["keyPrefix"], "fields": fields})

    soql = "SELECT Id, Name FROM Contact ORDER BY Id"
    page = sf.query(soql, headers={"Sforce-Query-Options": "batchSize=200"})
    pages, records = 1, page["records"]
    while not page["done"]:
        page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
        pages, records = pages + 1, records + page["records"]
    first, last = records[0]["Name"], records[-1]["Name"]
    tell("query", {"pages": pages, "records": len(records), "first": first, "last": last})


def write(sf):
    created = sf.Account.create({"Name": "Made by simple-salesforce", "NumberOfEmployees": 3})
    tell("create", created)
    tell("update", sf.Account.update(created["id"], {"Name": "Changed by simple-salesforce"}))
    record = sf.Account.get(created["id"])
    tell("read", {name: record[name] for name in ("Name", "NumberOfEmployees")})

    # It puts the value into the path as it is.
    path = f"External_Id__c/{quote(ROUND['KEY'], safe='')}"
    fields = {"Name": "Upserted by simple-salesforce"}
    tell("upsert, new", sf.Account.upsert(path, fields, raw_response=True).json())
    tell("upsert, known", sf.Account.upsert(path, {**fields, "Site": "here"}, raw_response=True).json())
    records = [{"Name": "One"}, {"Site": "nameless"}, {"Name": "Two"}]
    body = {"records": [{"attributes": {"type": "Account"}, **record} for record in records]}
    tell("collection", sf.restful("composite/sobjects", method="POST", json=body))
    return created["id"]


def bulk(sf):
    rows = [{"Name": f'Bulk by simple-salesforce, "{i}"', "External_Id__c": f"{ROUND['KEY']} {i}"} for i in range(5)]
    [job] = sf.bulk2.Account.insert(records=rows)
    tell("bulk insert", [job, sf.bulk2.Account.get_successful_records(job["job_id"])])
    soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk by simple-salesforce%' ORDER BY Id"
    tell("bulk query", list(sf.bulk2.Account.query(soql)))


def remove(sf, record_id):
    tell("delete", sf.Account.delete(record_id))
    try:
        sf.Account.get(record_id)
    except SalesforceError as refusal:
        tell("read deleted", [refusal.status, refusal.content])


salesforce = sign_in()
read(salesforce)
account = write(salesforce)
bulk(salesforce)
remove(salesforce, account)
