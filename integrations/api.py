"""The connection API that scripts and dashboards poll: session sign-in, one organisation, no secrets."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http import Http404
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.middleware import OrganisationRequest
from core.errors import DomainError
from integrations.errors import IntegrationError
from integrations.filters import ConnectionFilter
from integrations.models import Connection, SyncRun
from integrations.selectors.connections import connections_of
from integrations.selectors.runs import find_run
from integrations.serializers import ConnectionSerializer, RunSerializer, SyncRequestSerializer
from integrations.services import sync as sync_services


def _scoped(request: Request) -> OrganisationRequest:
    return cast(OrganisationRequest, request._request)


class ConnectionList(ListAPIView[Connection]):
    """Connections of the organisation, newest first."""

    serializer_class = ConnectionSerializer

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        rows = connections_of(_scoped(request).organisation).order_by("-id")
        chosen = ConnectionFilter(request.query_params, queryset=rows)
        if not chosen.is_valid():
            return Response({"errors": chosen.errors}, status=status.HTTP_400_BAD_REQUEST)
        return Response(ConnectionSerializer(chosen.qs, many=True).data)


class RunDetail(RetrieveAPIView[SyncRun]):
    """Progress of a run while it works, its outcome once it has finished."""

    serializer_class = RunSerializer

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        run = find_run(organisation=_scoped(request).organisation, run_id=self.kwargs["run_id"])
        if run is None:
            raise Http404
        return Response(RunSerializer(run).data)


class StartSync(APIView):
    """POST starts a sync and answers 202 with the run; 409 with the reason where a rule refuses."""

    def post(self, request: Request, connection_id: UUID) -> Response:
        scoped = _scoped(request)
        connection = connections_of(scoped.organisation).filter(id=connection_id).first()
        if connection is None:
            raise Http404
        asked = SyncRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            run = sync_services.request_sync(
                connection=connection,
                user=scoped.user,
                full=asked.validated_data["full"],
                force=asked.validated_data["force"],
            )
        except DomainError as error:
            return Response({"code": error.code, "message": error.message}, status=status.HTTP_409_CONFLICT)
        except IntegrationError as error:
            return Response({"code": error.code, "message": error.safe_message}, status=status.HTTP_409_CONFLICT)
        return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)
