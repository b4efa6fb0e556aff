"""Talks to every service by gRPC with code generated from the contracts as they are.

    grpc_client.py SETTINGS auth=HOST:PORT identity=… groups=… messaging=… webhooks=… realtime=…

SETTINGS is the TOML file with the installation's master key. Prints what it did; ends with 1 at the first surprise.
"""

import base64
import hashlib
import hmac
import importlib
import json
import sys
import tempfile
import uuid
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from grpc_tools import protoc

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 20


def generate():
    """Compiles the contracts into a folder that Python imports from."""
    out = tempfile.mkdtemp(prefix="halley-grpc-")
    contracts = [str(path) for path in sorted((ROOT / "proto").glob("halley/*/v1/*.proto"))]
    arguments = ["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={out}", f"--grpc_python_out={out}", *contracts]
    assert protoc.main(arguments) == 0, "the contracts can't be compiled"
    sys.path.insert(0, out)


def derived(master_key, purpose):
    """HKDF-SHA256 with one block, as text for a header."""
    secret = hmac.new(b"halley", master_key, hashlib.sha256).digest()
    key = hmac.new(secret, purpose + b"\x01", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def refusal(call, *arguments, **options):
    """The status of a call that must fail, and the public code in it, if there is one."""
    try:
        call(*arguments, timeout=SECONDS, **options)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        reason = None
        for detail in status.details if status else []:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                reason = info.reason
        return error.code(), reason
    raise AssertionError("the call must fail")


class Platform:
    """The services, with the credentials of an edge and of a service."""

    def __init__(self, settings, addresses):
        secrets = tomllib.loads(Path(settings).read_text())["secrets"]
        master_key = base64.b64decode(secrets["master_key"])
        self.edge = derived(master_key, b"halley edge credential v1")
        self.service = derived(master_key, b"halley service credential v1")
        self.channels = {name: grpc.insecure_channel(address) for name, address in addresses.items()}

    def stub(self, name):
        module = importlib.import_module(f"halley.{name}.v1.{name}_pb2_grpc")
        return getattr(module, f"{name.capitalize()}ServiceStub")(self.channels[name])

    def metadata(self, caller=None, credential=None):
        metadata = [("authorization", f"Bearer {credential or self.edge}")]
        if caller is not None:
            metadata.append(("halley-caller-bin", caller.SerializeToString()))
        return metadata

    def call(self, method, request, caller=None):
        return method(request, metadata=self.metadata(caller), timeout=SECONDS)


def check_health_and_reflection(platform):
    for name, channel in platform.channels.items():
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, (name, answer)
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
        assert f"halley.{name}.v1.{name.capitalize()}Service" in services, (name, services)


def check_credentials(platform, callers):
    from halley.identity.v1 import identity_pb2 as identity

    get_user = platform.stub("identity").GetUser
    request = identity.GetUserRequest(uid="nobody-at-all")
    assert refusal(get_user, request)[0] == grpc.StatusCode.UNAUTHENTICATED
    with_service = platform.metadata(callers["user"], platform.service)
    assert refusal(get_user, request, metadata=with_service)[0] == grpc.StatusCode.PERMISSION_DENIED
    as_system = platform.metadata(callers["system"], platform.service)
    expected = (grpc.StatusCode.NOT_FOUND, "ERR_UID_NOT_FOUND")
    assert refusal(get_user, request, metadata=as_system) == expected


def run(platform):
    from halley.auth.v1 import auth_pb2 as auth
    from halley.common.v1 import caller_pb2 as common
    from halley.common.v1 import page_pb2 as pages
    from halley.groups.v1 import groups_pb2 as groups
    from halley.identity.v1 import identity_pb2 as identity
    from halley.messaging.v1 import message_pb2 as message
    from halley.messaging.v1 import messaging_pb2 as messaging
    from halley.realtime.v1 import realtime_pb2 as realtime
    from halley.webhooks.v1 import webhooks_pb2 as webhooks

    app_id = "py" + uuid.uuid4().hex[:12]
    page = pages.PageRequest(page=1, per_page=10)
    server = common.Caller(
        app_id=app_id, api_key=common.ApiKeyPrincipal(key_id="python", scope=common.API_KEY_SCOPE_FULL_ACCESS)
    )
    ann = common.Caller(app_id=app_id, user=common.UserPrincipal(uid="ann", device_id="python"))
    system = common.Caller(app_id=app_id, system=common.SystemPrincipal())

    stub = platform.stub("auth")
    made = platform.call(stub.CreateApp, auth.CreateAppRequest(app_id=app_id, name="Python"))
    assert made.app.app_id == app_id and made.rest_api_key.api_key, made
    again = auth.CreateAppRequest(app_id=app_id, name="Python")
    expected = (grpc.StatusCode.ALREADY_EXISTS, "ERR_APP_ALREADY_EXISTS")
    assert refusal(stub.CreateApp, again, metadata=platform.metadata()) == expected

    people = platform.stub("identity")
    for uid in ("ann", "bob"):
        fields = identity.UserFields(name=uid.capitalize(), tags=["python"], replace_tags=True)
        user = platform.call(people.CreateUser, identity.CreateUserRequest(uid=uid, fields=fields), server).user
        assert (user.uid, user.name) == (uid, uid.capitalize()), user
    listed = platform.call(people.ListUsers, identity.ListUsersRequest(page=page, tags=["python"]), server)
    assert sorted(user.uid for user in listed.users) == ["ann", "bob"] and listed.page.total == 2, listed

    token = platform.call(stub.CreateAuthToken, auth.CreateAuthTokenRequest(app_id=app_id, uid="ann"), server).auth_token
    shown = auth.AuthenticateRequest(app_id=app_id, auth_token=token.auth_token)
    assert platform.call(stub.Authenticate, shown).user.uid == "ann"

    stub = platform.stub("groups")
    asked = groups.CreateGroupRequest(guid="club", name="Club", type=groups.GROUP_TYPE_PUBLIC)
    assert platform.call(stub.CreateGroup, asked, ann).group.owner == "ann"
    members = groups.MemberLists(participants=["bob"])
    added = platform.call(stub.AddMembers, groups.AddMembersRequest(guid="club", members=members), server)
    assert [outcome.HasField("event") for outcome in added.outcomes] == [True], added
    listed = platform.call(stub.ListMembers, groups.ListMembersRequest(guid="club", page=page), ann)
    assert sorted(member.uid for member in listed.members) == ["ann", "bob"], listed

    stub = platform.stub("messaging")
    text = json.dumps({"text": "Hello from Python"})
    for receiver_type, receiver in ((message.RECEIVER_TYPE_USER, "bob"), (message.RECEIVER_TYPE_GROUP, "club")):
        sent = messaging.SendMessageRequest(
            sender_uid="ann", receiver_type=receiver_type, receiver=receiver, type="text", data_json=text,
            category=message.MESSAGE_CATEGORY_MESSAGE, muid=uuid.uuid4().hex,
        )
        stored = platform.call(stub.SendMessage, sent, ann).message
        assert stored.id > 0 and json.loads(stored.data_json)["text"] == "Hello from Python", stored
        asked = messaging.ListMessagesRequest(with_type=receiver_type, limit=10, **{"with": receiver})
        rows = platform.call(stub.ListMessages, asked, ann).messages
        assert [row.id for row in rows if row.category == message.MESSAGE_CATEGORY_MESSAGE] == [stored.id], rows
    bob = common.Caller(app_id=app_id, user=common.UserPrincipal(uid="bob"))
    listed = platform.call(stub.ListConversations, messaging.ListConversationsRequest(page=page), bob)
    assert sorted(row.unread_count for row in listed.conversations) == [1, 1], listed

    stub = platform.stub("webhooks")
    listed = platform.call(stub.ListDeliveries, webhooks.ListDeliveriesRequest(webhook_id="hook"), system)
    assert list(listed.deliveries) == [], listed

    stub = platform.stub("realtime")
    presence = platform.call(stub.GetPresence, realtime.GetPresenceRequest(uids=["ann", "bob"]), server)
    assert list(presence.online_uids) == [], presence
    assert len(platform.call(stub.ListNodes, realtime.ListNodesRequest()).nodes) >= 1

    check_credentials(platform, {"user": ann, "system": system})


def main():
    settings, *named = sys.argv[1:]
    generate()
    platform = Platform(settings, dict(pair.split("=", 1) for pair in named))
    check_health_and_reflection(platform)
    run(platform)
    print("every service answered")


if __name__ == "__main__":
    main()
