// The simulated twins of the small ports: clock, chance, files, processes, workers, HTTP and mail.
#pragma once

#include <map>
#include <string>

#include "sim/world.h"

namespace ops::sim {

class SimClock final : public Clock {
public:
    explicit SimClock(World& world) : world_(world) {}
    Time now() override { return world_.wall() + world_.job_took_; }
    Duration steady() override { return (world_.now_ + world_.job_took_).time_since_epoch(); }

private:
    World& world_;
};

// splitmix64: https://prng.di.unimi.it/splitmix64.c (public domain algorithm by Sebastiano Vigna).
class SimRandom final : public Random {
public:
    explicit SimRandom(World& world) : world_(world) {}
    uint64_t next() override;

private:
    World& world_;
};

// Each call is one write that either happened whole or not at all: the real one syncs before it
// returns, and a file half made is recognised by its name or by its missing end (io/posix_files.h).
class SimFiles final : public Files {
public:
    explicit SimFiles(World& world) : world_(world) {}
    Result<std::string> read(const std::string& path) override;
    Result<> replace(const std::string& path, std::string_view bytes) override;
    Result<> create_new(const std::string& path, std::string_view bytes) override;
    Result<> remove(const std::string& path) override;
    Result<> make_folder(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& folder) override;
    Result<DiskSpace> space(const std::string& folder) override;

    Result<> write_fault;  // every write answers this when it is an error: a full or read-only disk

private:
    World& world_;
    std::map<std::string, std::string> contents_;
};

// Understands what the runbook's commands say: systemctl and supervisorctl restart NAME, ssh around
// them, and the rules given by World::on_command. Anything else does nothing and exits 0. Each run
// is one line of the ledger.
class SimProcesses final : public Processes {
public:
    explicit SimProcesses(World& world) : world_(world) {}
    Result<Exit> run(const Command& command) override;
    std::optional<ProcessIdentity> identify(int pid) override;
    std::string boot_id() override { return "simulated-boot"; }

private:
    Exit effect_of(const std::vector<std::string>& argv, const std::string& line);
    World& world_;
};

// A job runs at once when its moment comes; the time its commands take passes before what it posts
// arrives.
class SimWorkers final : public Workers {
public:
    explicit SimWorkers(World& world) : world_(world) {}
    bool submit(std::function<void()> job) override;

private:
    World& world_;
};

class SimHttp final : public Http {
public:
    explicit SimHttp(World& world) : world_(world) {}
    Result<HttpReply> send(const HttpRequest& request) override;

private:
    World& world_;
};

class SimMail final : public Mail {
public:
    explicit SimMail(World& world) : world_(world) {}
    Result<MailTaken> send(const MailMessage& message) override;

private:
    World& world_;
};

}  // namespace ops::sim
