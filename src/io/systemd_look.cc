#include "io/systemd_look.h"

#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <memory>

#include "io/late_library.h"
#include "io/system_error.h"

namespace ops {

static constexpr const char* kSystemd = "org.freedesktop.systemd1";
static constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";
static constexpr const char* kService = "org.freedesktop.systemd1.Service";
static constexpr uint64_t kCallMicroseconds = 3'000'000;
static constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();

namespace {

// Loaded when a unit is first looked at: with the six libraries that it needs in turn, libsystemd
// held 1.2 MB of each process. Its functions keep their names.
struct SystemdBus : LateLibrary {
    SystemdBus() : LateLibrary("libsystemd.so.0") {}

    Late<decltype(::sd_bus_call_method)> sd_bus_call_method{*this, "sd_bus_call_method"};
    Late<decltype(::sd_bus_error_free)> sd_bus_error_free{*this, "sd_bus_error_free"};
    Late<decltype(::sd_bus_flush_close_unref)> sd_bus_flush_close_unref{*this,
                                                                        "sd_bus_flush_close_unref"};
    Late<decltype(::sd_bus_get_property)> sd_bus_get_property{*this, "sd_bus_get_property"};
    Late<decltype(::sd_bus_get_property_string)> sd_bus_get_property_string{
        *this, "sd_bus_get_property_string"};
    Late<decltype(::sd_bus_get_property_trivial)> sd_bus_get_property_trivial{
        *this, "sd_bus_get_property_trivial"};
    Late<decltype(::sd_bus_message_read)> sd_bus_message_read{*this, "sd_bus_message_read"};
    Late<decltype(::sd_bus_message_read_array)> sd_bus_message_read_array{
        *this, "sd_bus_message_read_array"};
    Late<decltype(::sd_bus_message_unref)> sd_bus_message_unref{*this, "sd_bus_message_unref"};
    Late<decltype(::sd_bus_open_system)> sd_bus_open_system{*this, "sd_bus_open_system"};
    Late<decltype(::sd_bus_set_method_call_timeout)> sd_bus_set_method_call_timeout{
        *this, "sd_bus_set_method_call_timeout"};
};

const SystemdBus& systemd() { return late_library<SystemdBus>(); }

using Bus = std::unique_ptr<sd_bus, sd_bus* (*)(sd_bus*)>;

// Properties of one object. What a kind of unit does not have reads as empty or 0.
class Properties {
public:
    Properties(sd_bus* bus, std::string path) : bus_(bus), path_(std::move(path)) {}

    std::string text(const char* interface, const char* name) const {
        char* value = nullptr;
        const int failed = systemd().sd_bus_get_property_string(bus_, kSystemd, path_.c_str(),
                                                                interface, name, nullptr, &value);
        if (failed < 0) return "";
        const std::unique_ptr<char, void (*)(void*)> owner(value, std::free);
        return value;
    }
    template <class Number>
    Number number(const char* interface, const char* name, char type) const {
        Number value = 0;
        const int failed = systemd().sd_bus_get_property_trivial(
            bus_, kSystemd, path_.c_str(), interface, name, nullptr, type, &value);
        return failed < 0 ? Number{0} : value;
    }
    // 16 bytes as 32 digits.
    std::string id(const char* name) const {
        sd_bus_message* reply = nullptr;
        const int failed = systemd().sd_bus_get_property(bus_, kSystemd, path_.c_str(), kUnit, name,
                                                         nullptr, &reply, "ay");
        if (failed < 0) return "";
        const std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)> owner(
            reply, systemd().sd_bus_message_unref);
        const void* bytes = nullptr;
        size_t size = 0;
        if (systemd().sd_bus_message_read_array(reply, 'y', &bytes, &size) < 0) return "";
        std::string hex;
        for (size_t i = 0; i < size; ++i) {
            const unsigned char byte = static_cast<const unsigned char*>(bytes)[i];
            hex += "0123456789abcdef"[byte >> 4U];
            hex += "0123456789abcdef"[byte & 15U];
        }
        return hex;
    }

private:
    sd_bus* bus_;
    std::string path_;
};

}  // namespace

static Result<std::string> load(sd_bus* bus, const std::string& unit) {
    sd_bus_error error{};  // SD_BUS_ERROR_NULL
    sd_bus_message* reply = nullptr;
    const int failed = systemd().sd_bus_call_method(bus, kSystemd, "/org/freedesktop/systemd1",
                                                    "org.freedesktop.systemd1.Manager", "LoadUnit",
                                                    &error, &reply, "s", unit.c_str());
    const std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)> owner(
        reply, systemd().sd_bus_message_unref);
    const std::string words = error.message != nullptr ? error.message : system_words(-failed);
    systemd().sd_bus_error_free(&error);
    if (failed < 0) {
        return Error{failed == -EINVAL ? Fault::invalid : Fault::unavailable,
                     "systemd unit '" + unit + "': " + words};
    }
    const char* path = nullptr;
    if (systemd().sd_bus_message_read(reply, "o", &path) < 0) {
        return Error{Fault::corrupt, "systemd unit '" + unit + "': systemd's answer has no path"};
    }
    return std::string(path);
}

Result<UnitSeen> look_at_unit(const std::string& name) {
    const std::string unit = name.find('.') == std::string::npos ? name + ".service" : name;
    if (::access("/run/systemd/system/", F_OK) != 0) {  // sd_booted(3)
        return Error{Fault::unavailable,
                     "systemd unit '" + unit + "': there is no systemd on this machine"};
    }
    TRY(systemd().is_loaded());
    sd_bus* opened = nullptr;
    const int failed = systemd().sd_bus_open_system(&opened);
    if (failed < 0) {
        return Error{Fault::unavailable,
                     "systemd unit '" + unit +
                         "': reach systemd over the system bus: " + system_words(-failed)};
    }
    const Bus bus(opened, systemd().sd_bus_flush_close_unref);
    systemd().sd_bus_set_method_call_timeout(opened, kCallMicroseconds);
    const Properties properties(opened, TRY(load(opened, unit)));
    UnitSeen seen;
    seen.load_state = properties.text(kUnit, "LoadState");
    seen.active_state = properties.text(kUnit, "ActiveState");
    seen.sub_state = properties.text(kUnit, "SubState");
    seen.invocation_id = properties.id("InvocationID");
    seen.result = properties.text(kService, "Result");
    seen.main_pid = static_cast<int>(properties.number<uint32_t>(kService, "MainPID", 'u'));
    seen.restarts = properties.number<uint32_t>(kService, "NRestarts", 'u');
    const auto memory = properties.number<uint64_t>(kService, "MemoryCurrent", 't');
    const auto cpu = properties.number<uint64_t>(kService, "CPUUsageNSec", 't');
    if (memory != kUnknown) seen.memory_bytes = static_cast<double>(memory);
    if (cpu != kUnknown) seen.cpu_seconds = static_cast<double>(cpu) / 1e9;
    const auto since = properties.number<uint64_t>(kUnit, "ActiveEnterTimestamp", 't');
    seen.active_since = Time(Duration(static_cast<int64_t>(since / 1000)));
    if (seen.active_state.empty()) {
        return Error{Fault::unavailable, "systemd unit '" + unit + "': systemd does not answer"};
    }
    return seen;
}

}  // namespace ops
