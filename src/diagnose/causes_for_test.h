// A small company and its events, for the tests of causes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "diagnose/causes.h"

namespace ops {

struct CauseStory {
    // db <- api <- web; all on pc; worker_1..4 of one supervisord on pc; lone depends on nothing.
    CauseStory() {
        for (const char* const name : {"pc", "alien"}) {
            Host host;
            host.name = name;
            inventory.hosts.push_back(host);
        }
        const auto add = [this](const std::string& name, const std::string& host,
                                std::vector<std::string> depends_on) {
            Service service;
            service.name = name;
            service.host = host;
            service.depends_on = std::move(depends_on);
            inventory.services.push_back(service);
        };
        add("db", "pc", {});
        add("api", "pc", {"db"});
        add("web", "pc", {"api"});
        add("lone", "", {});
        for (int i = 1; i <= 4; ++i) {
            add("worker_" + std::to_string(i), "pc", {});
            inventory.services.back().keeper = Service::Keeper::supervisord;
        }
        inventory.index();
    }

    Time at(int seconds) const { return start + std::chrono::seconds(seconds); }
    void happen(const std::string& kind, const std::string& target, Json body, int seconds,
                const std::string& incident = "") {
        Event event;
        event.kind = kind;
        event.target = target;
        event.incident = incident;
        event.body = std::move(body);
        event.at = at(seconds);
        record.apply(event, inventory);
        events.push_back(std::move(event));
    }
    void becomes(const std::string& target, const std::string& status, int seconds) {
        happen("target.changed", target, Json::object({{"status", status}}), seconds);
    }
    void push(const std::string& kind, const std::string& target, int seconds,
              Json body = Json::object()) {
        happen("event.outside", target, Json::object({{"kind", kind}, {"body", body}}), seconds);
    }
    void opens(const std::string& incident, const std::string& target, int seconds) {
        happen("incident.opened", target, Json::object({{"title", target + " is down"}}), seconds,
               incident);
    }
    void diagnosed(const std::string& incident, const std::vector<Cause>& causes, int seconds) {
        Json list = Json::array();
        for (const Cause& cause : causes) list.push(cause.to_json());
        happen("incident.diagnosed", "", Json::object({{"causes", list}}), seconds, incident);
    }
    void acts(const std::string& incident, const std::string& target, const std::string& entry,
              int seconds) {
        happen("action.intent", target, Json::object({{"entry", entry}, {"effect", "idempotent"}}),
               seconds, incident);
    }
    void resolves(const std::string& incident, const std::string& target, const std::string& by,
                  int seconds, const std::string& note = "") {
        happen("incident.resolved", target, Json::object({{"by", by}, {"note", note}}), seconds,
               incident);
    }

    std::vector<Cause> ask(const std::string& target, int opened) const {
        return rank_causes({.incident = "inc-now",
                            .target = target,
                            .opened = at(opened),
                            .members = members,
                            .diagnosis = diagnosis,
                            .inventory = inventory,
                            .record = record,
                            .similar = similar});
    }
    std::string texts(const std::string& target, int opened) const {
        std::vector<std::string> out;
        for (const Cause& cause : ask(target, opened)) out.push_back(cause.text);
        return join(out, " | ");
    }

    Time start{std::chrono::hours(500'000)};
    Inventory inventory;
    CauseRecord record;
    Diagnosis diagnosis;
    std::vector<Recalled> similar;
    std::vector<std::string> members;
    std::vector<Event> events;
};

}  // namespace ops
