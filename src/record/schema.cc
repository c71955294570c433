#include "record/schema.h"

namespace ops {
namespace {

// Empty texts of `incident` and `target` are NULL, so that the partial indexes hold only rows that
// somebody looks for.
constexpr const char* kSchema = R"sql(
CREATE TABLE event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,
  incident TEXT, target TEXT, body TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_kind ON event (kind);
CREATE INDEX event_incident ON event (incident) WHERE incident IS NOT NULL;
CREATE INDEX event_target ON event (target) WHERE target IS NOT NULL;

-- retention: what is left of the events that were removed
CREATE TABLE pruned (through INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE pruned_id (id TEXT PRIMARY KEY, last_seq INTEGER NOT NULL) WITHOUT ROWID;

-- projections, all of them made from the events
CREATE TABLE incident (id TEXT PRIMARY KEY, opened_at INTEGER NOT NULL, state TEXT NOT NULL,
  target TEXT, last_seq INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX incident_opened ON incident (opened_at, id);
CREATE INDEX incident_state ON incident (state, opened_at);
CREATE INDEX incident_target ON incident (target, opened_at) WHERE target IS NOT NULL;

CREATE TABLE action (id TEXT PRIMARY KEY, incident TEXT, target TEXT, started_at INTEGER NOT NULL,
  state TEXT NOT NULL, progress INTEGER NOT NULL, intent_seq INTEGER, outcome_seq INTEGER,
  last_seq INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX action_started ON action (started_at);
CREATE INDEX action_incident ON action (incident) WHERE incident IS NOT NULL;
CREATE INDEX action_target ON action (target, started_at) WHERE target IS NOT NULL;
CREATE INDEX action_progress ON action (progress) WHERE progress < 3;

CREATE TABLE alert (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, incident TEXT,
  last_seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX alert_at ON alert (at);
CREATE INDEX alert_incident ON alert (incident) WHERE incident IS NOT NULL;
CREATE TABLE delivery (key TEXT NOT NULL, channel TEXT NOT NULL, seq INTEGER NOT NULL,
  queued_at INTEGER NOT NULL, sent_at INTEGER, attempts INTEGER NOT NULL,
  next_try INTEGER NOT NULL, error TEXT NOT NULL, PRIMARY KEY (key, channel)) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (next_try) WHERE sent_at IS NULL;

CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL, sum TEXT NOT NULL) WITHOUT ROWID;
)sql";

}  // namespace

const Database::Kind kStateKind = {
    .application_id = 0x6f707361,  // "opsa"
    .schema_version = Store::kSchemaVersion,
    .schema = kSchema,
    .migrate = nullptr,
};

}  // namespace ops
