"""A gRPC client that knows nothing beforehand: it asks the server for its contract, by reflection."""

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

DEADLINE_SECONDS = 10


class Contract:
    """The services that a channel leads to; `pool` has the descriptors of all that they name."""

    def __init__(self, channel):
        self._channel = channel
        self._database = ProtoReflectionDescriptorDatabase(channel)
        self.pool = DescriptorPool(self._database)

    def services(self):
        """The full names of the services."""
        return set(self._database.get_services())

    def methods(self, service):
        """The names of a service's methods."""
        return {method.name for method in self.pool.FindServiceByName(service).methods}

    def service(self, name):
        """One service, its methods being methods: contract.service("a.B").Get(id="x")."""
        return Service(self._channel, self.pool.FindServiceByName(name))


class Service:
    """One service of a contract."""

    def __init__(self, channel, descriptor):
        for method in descriptor.methods:
            kind = channel.unary_stream if method.server_streaming else channel.unary_unary
            call = kind(
                f"/{descriptor.full_name}/{method.name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=GetMessageClass(method.output_type).FromString,
            )
            setattr(self, method.name, _with_fields(call, GetMessageClass(method.input_type)))


def _with_fields(call, request):
    return lambda **fields: call(request(**fields), timeout=DEADLINE_SECONDS)
