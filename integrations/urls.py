from __future__ import annotations

from django.urls import path

from integrations import api
from integrations.views import (
    conflicts,
    connect,
    events,
    files,
    health,
    mapping,
    overview,
    plans,
    records,
    runs,
    settings,
    webhook,
)

app_name = "integrations"

_HERE = "settings/integrations/"
_ONE = _HERE + "<slug:slug>/"
_MAPPING = _ONE + "mapping/<uuid:mapping_id>/"
_RECORD = _ONE + "records/<uuid:record_id>/"
_RUN = _ONE + "history/<uuid:run_id>/"
_EVENTS = _ONE + "events/"
_PLAN = _ONE + "preview/<uuid:plan_id>/"
_FILE = _ONE + "files/<uuid:upload_id>/"

urlpatterns = [
    path("api/integrations/connections/", api.ConnectionList.as_view(), name="api_connections"),
    path("api/integrations/connections/<uuid:connection_id>/sync/", api.StartSync.as_view(), name="api_sync"),
    path("api/integrations/runs/<uuid:run_id>/", api.RunDetail.as_view(), name="api_run"),
    # Registered with the provider as our redirect address: no trailing slash.
    path("api/integrations/<slug:slug>/callback", connect.callback, name="callback"),
    # Entered at the provider as the address of its webhooks: no trailing slash.
    path("api/webhooks/<slug:slug>/<slug:token>", webhook.webhook, name="webhook"),
    path(_HERE, overview.index, name="index"),
    path(_HERE + "rules-preview/", plans.rules_preview, name="rules_preview"),
    path(_ONE, overview.detail, name="detail"),
    path(_ONE + "progress/", overview.progress, name="progress"),
    path(_ONE + "connect/", connect.connect, name="connect"),
    path(_ONE + "connect/<uuid:state_id>/", connect.confirm_account, name="confirm_account"),
    path(_ONE + "disconnect/", connect.disconnect, name="disconnect"),
    path(_ONE + "health/", health.health, name="health"),
    path(_ONE + "settings/", settings.settings, name="settings"),
    path(_ONE + "sync/", runs.start, name="sync"),
    path(_ONE + "mapping/", mapping.mapping, name="mapping"),
    path(_ONE + "mapping/accept/", mapping.accept, name="accept"),
    path(_ONE + "mapping/bulk/", mapping.bulk, name="bulk"),
    path(_MAPPING + "choose/", mapping.choose, name="choose"),
    path(_MAPPING + "map/", mapping.map_one, name="map"),
    path(_MAPPING + "create/", mapping.create_one, name="create"),
    path(_MAPPING + "ignore/", mapping.ignore, name="ignore"),
    path(_MAPPING + "unmap/", mapping.unmap, name="unmap"),
    path(_MAPPING + "auto-sync/", mapping.auto_sync, name="auto_sync"),
    path(_ONE + "records/", records.records, name="records"),
    path(_RECORD, records.record, name="record"),
    path(_RECORD + "dismiss/", records.dismiss, name="dismiss"),
    path(_RECORD + "restore/", records.restore, name="restore"),
    path(_RECORD + "retry/", records.retry, name="retry"),
    path(_ONE + "history/", runs.history, name="history"),
    path(_RUN, runs.run, name="run"),
    path(_RUN + "cancel/", runs.cancel, name="cancel"),
    path(_RUN + "release/", runs.release, name="release"),
    path(_RUN + "undo/", runs.undo, name="undo"),
    path(_ONE + "preview/", plans.start, name="preview_start"),
    path(_PLAN, plans.preview, name="preview"),
    path(_PLAN + "apply/", plans.apply, name="apply"),
    path(_PLAN + "discard/", plans.discard, name="discard"),
    path(_EVENTS, events.events, name="events"),
    path(_EVENTS + "replay/", events.replay, name="replay_events"),
    path(_EVENTS + "dismiss/", events.dismiss, name="dismiss_events"),
    path(_EVENTS + "address/", events.endpoint, name="endpoint"),
    path(_EVENTS + "<uuid:event_id>/", events.event, name="event"),
    path(_ONE + "conflicts/", conflicts.conflicts, name="conflicts"),
    path(_ONE + "conflicts/<uuid:conflict_id>/", conflicts.resolve, name="resolve"),
    path(_ONE + "files/", files.files, name="files"),
    path(_ONE + "files/templates/<slug:kind>.csv", files.template, name="file_template"),
    path(_FILE, files.file, name="file"),
    path(_FILE + "columns/", files.columns, name="file_columns"),
    path(_FILE + "read/", files.reread, name="file_read"),
    path(_FILE + "import/", files.take_over, name="file_import"),
    path(_FILE + "discard/", files.discard, name="file_discard"),
    path(_FILE + "errors.csv", files.errors, name="file_errors"),
]
