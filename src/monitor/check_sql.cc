// sql: numbers that a query gives, read by the database's own client: sqlite3 or psql. No password
// is in the command: psql takes it from the file that `passfile=` of the URL, or ~/.pgpass, names.
#include "base/text.h"
#include "monitor/check_kind.h"
#include "monitor/check_url.h"
#include "monitor/reading.h"
#include "monitor/value_range.h"

namespace ops {
namespace {

struct SqlSettings {
    CommandAsk ask;
    ValueRange range;
    std::string prefix;
    Duration timeout{};
};

// One line of comma-separated values at the front, eaten (RFC 4180).
std::vector<std::string> eat_record(std::string_view& text) {
    std::vector<std::string> fields(1);
    bool is_quoted = false;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (is_quoted && c == '"' && text.starts_with('"')) {
            fields.back() += '"';
            text.remove_prefix(1);
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (c == ',' && !is_quoted) {
            fields.emplace_back();
        } else if (c == '\n' && !is_quoted) {
            break;
        } else if (c != '\r' || is_quoted) {
            fields.back() += c;
        }
    }
    return fields;
}

class SqlCheck final : public Check {
public:
    SqlCheck(const CheckRequest& request, SqlSettings settings)
        : Check(request.index, request.settings.target, "sql"), settings_(std::move(settings)) {}

    Ask ask() const override {
        return {.check = index(), .question = settings_.ask, .time_limit = settings_.timeout};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        const auto* exit = reply.answer.ok() ? std::get_if<Exit>(&reply.answer.value()) : nullptr;
        if (exit == nullptr) {
            seen.reason = reply.answer.ok() ? "an answer of another kind"
                                            : shown(reply.answer.error().message);
        } else if (!exit->good()) {
            // That the database cannot be asked says nothing of the number.
            const std::string all = exit->errors + exit->output;
            const std::string_view said = trim(all);
            seen.reason = exit->print() + ": " + shown(said.substr(0, said.find('\n')));
            seen.evidence = shown_evidence(all);
        } else {
            judge_rows(exit->output, seen);
        }
        return judged;
    }

private:
    void judge_rows(std::string_view output, Observation& seen) const {
        const std::vector<std::string> names = eat_record(output);
        if (trim(output).empty()) {
            seen.reason = "the query gives no row";
            return;
        }
        const std::vector<std::string> values = eat_record(output);
        if (!trim(output).empty()) {
            seen.reason = "the query gives more than one row; make one of them: sum(...)";
        } else if (values.size() != names.size()) {
            seen.reason = "the client printed no table";
        } else {
            judge_row(names, values, seen);
        }
    }

    // The only column is the fact NAME, several are NAME_column.
    void judge_row(const std::vector<std::string>& names, const std::vector<std::string>& values,
                   Observation& seen) const {
        seen.health = Health::good;
        for (size_t i = 0; i < values.size(); ++i) {
            const std::string name =
                settings_.prefix + (values.size() == 1 ? "" : "_" + fact_name(names[i]));
            if (values[i].empty()) continue;  // NULL: nothing is known
            const auto reading = parse_reading(values[i]);
            if (values.size() == 1 && !reading) {
                seen.health = Health::unknown;
                seen.reason = "the query gives \"" + shown(values[i]) + "\", no number";
                return;
            }
            add_reading(seen.facts, name, reading ? *reading : Value::string(shown(values[i])));
            if (reading && seen.reason.empty()) {
                seen.reason = settings_.range.differs(*reading);
                if (values.size() > 1 && !seen.reason.empty())
                    seen.reason.insert(0, shown(names[i]) + ": ");
            }
            if (values.size() == 1) add_fact(seen, "value", Value::number(reading->amount()));
        }
        if (seen.facts.empty()) {
            seen.health = Health::unknown;
            seen.reason = "the query gives NULL";
        }
        if (seen.health == Health::unknown) return;
        if (!seen.reason.empty()) seen.health = Health::bad;
        add_fact(seen, "up", Value::boolean(seen.health == Health::good));
    }

    SqlSettings settings_;
};

bool has_password(std::string_view url) {
    const auto parsed = parse_check_url("http" + std::string(url.substr(url.find("://"))));
    return (parsed.ok() && !parsed.value().password.empty()) ||
           url.find("password=") != std::string_view::npos;
}

std::vector<std::string> client_words(CheckRequest& request, const std::string& query) {
    Fields& fields = request.fields;
    const std::string file = fields.text("sqlite"), url = fields.text("postgresql");
    if (file.empty() == url.empty()) {
        request.error(request.subject.place,
                      "say where the query goes: either sqlite: FILE or postgresql: URL");
        return {};
    }
    // A query that begins with a dash or a dot would be an option or a command of the client.
    if (query.starts_with('-') || query.starts_with('.') || query.starts_with('\\')) {
        request.error(request.subject.place, "a query begins with a word of SQL");
        return {};
    }
    if (!file.empty()) {
        const std::string path = file.starts_with('/') ? file : "./" + file;
        return {"sqlite3", "-readonly", "-batch", "-csv", "-header", path, query};
    }
    if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) {
        request.error(fields.place_of("postgresql"),
                      "a URL such as postgresql://ops@db.example/shop");
    } else if (has_password(url)) {
        request.error(fields.place_of("postgresql"),
                      "a password in the URL is seen by everybody on the machine; write "
                      "'?passfile=/etc/ops-agent/pgpass' instead");
    }
    return {"psql", "--no-psqlrc", "--no-password", "--csv", "--quiet", "--set=ON_ERROR_STOP=1",
            "--dbname=" + url,
            // Whatever the query is, it changes nothing.
            "--command=SET default_transaction_read_only = on", "--command=" + query};
}

std::unique_ptr<Check> make_sql(CheckRequest& request) {
    SqlSettings settings;
    const std::string query = request.subject_text();
    settings.ask.command.argv = client_words(request, query);
    settings.ask.command.time_limit = request.settings.timeout;
    settings.ask.command.output_limit = static_cast<size_t>(request.all.limits.output);
    settings.ask.command.errors_apart = true;
    settings.ask.command.as_user = request.user();
    settings.range = ValueRange::read(request.fields, request.problems);
    settings.prefix = fact_name(request.settings.target);
    settings.timeout = request.settings.timeout;
    return std::make_unique<SqlCheck>(request, std::move(settings));
}

}  // namespace

CheckKind sql_check_kind() {
    return {.name = "sql",
            .help =
                "the row that a query gives: its only column is the fact NAME, several are "
                "NAME_column. Read by sqlite3 or psql, which must be installed; nothing can be "
                "changed by it",
            .subject = "query",
            .settings = {{"query", "text", "", "gives one row"},
                         {"sqlite", "path", "none", "the database's file"},
                         {"postgresql", "URL", "none",
                          "without a password: '?passfile=PATH' names its file"},
                         {"as", "text", "ourselves",
                          "user to run the client as; takes a prober of root"},
                         {"min", "number", "none", "a smaller value, of any column, is down"},
                         {"max", "number", "none", "a larger value, of any column, is down"}},
            .use = CheckKind::Use::signal,
            .make = make_sql};
}

}  // namespace ops
