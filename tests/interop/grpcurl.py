"""As much of grpcurl as the documents use, by reflection: their commands run where it is not installed.

https://github.com/fullstorydev/grpcurl
"""

import argparse
import json
import sys

import grpc
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status

from reflected import Contract

# grpcurl ends with this and the number of the status.
FIRST_STATUS = 64


def main():
    arguments = argparse.ArgumentParser(prog="grpcurl")
    arguments.add_argument("-plaintext", action="store_true", required=True)
    arguments.add_argument("-max-time", type=float)
    arguments.add_argument("-d", default="{}", metavar="JSON")
    arguments.add_argument("address")
    arguments.add_argument("symbol", help="list, describe, or service/method")
    arguments.add_argument("name", nargs="?")
    given = arguments.parse_args()
    with grpc.insecure_channel(given.address) as channel:
        contract = Contract(channel)
        if given.symbol == "list":
            return show_names(contract, given.name)
        if given.symbol == "describe":
            return describe(contract, given.name)
        data = sys.stdin.read() if given.d == "@" else given.d
        return call(channel, contract, given.symbol, data, given.max_time)


def show_names(contract, service):
    if service is None:
        print(*sorted(contract.services()), sep="\n")
    else:
        print(*sorted(f"{service}.{method}" for method in contract.methods(service)), sep="\n")


def describe(contract, service):
    print(f"{service} is a service:\nservice {service.rpartition('.')[2]} {{")
    for method in contract.pool.FindServiceByName(service).methods:
        takes = ("stream " if method.client_streaming else "") + "." + method.input_type.full_name
        gives = ("stream " if method.server_streaming else "") + "." + method.output_type.full_name
        print(f"  rpc {method.name} ( {takes} ) returns ( {gives} );")
    print("}")


def call(channel, contract, symbol, data, seconds):
    service, _, name = symbol.rpartition("/")
    method = contract.pool.FindServiceByName(service).FindMethodByName(name)
    requests = read_all(GetMessageClass(method.input_type), data)
    sends = "stream" if method.client_streaming else "unary"
    receives = "stream" if method.server_streaming else "unary"
    remote = getattr(channel, f"{sends}_{receives}")(
        f"/{service}/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    try:
        replies = remote(iter(requests) if method.client_streaming else requests[0], timeout=seconds)
        for reply in replies if method.server_streaming else [replies]:
            print(as_json(reply, contract), flush=True)
    except grpc.RpcError as error:
        return tell(error, contract)


def read_all(kind, data):
    """The messages that stand in a text one after the other, as JSON."""
    decoder, messages = json.JSONDecoder(), []
    while data := data.strip():
        value, end = decoder.raw_decode(data)
        messages.append(json_format.ParseDict(value, kind()))
        data = data[end:]
    return messages


def tell(error, contract):
    """Says what an error says, and gives the exit code."""
    code, name = error.code().value[0], error.code().name.title().replace("_", "")
    lines = ["ERROR:", f"  Code: {name}", f"  Message: {error.details()}"]
    status = rpc_status.from_call(error)
    if status and status.details:
        lines.append("  Details:")
        for number, detail in enumerate(status.details, 1):
            packed = Any.FromString(detail.SerializeToString())
            lines.append(f"  {number})\t" + as_json(packed, contract).replace("\n", "\n    \t"))
    print(*lines, sep="\n", file=sys.stderr)
    return FIRST_STATUS + code


def as_json(message, contract):
    return json_format.MessageToJson(message, descriptor_pool=contract.pool)


if __name__ == "__main__":
    sys.exit(main())
