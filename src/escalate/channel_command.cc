// command: a program of the founder's. No shell; the text on standard input, everything as JSON in
// $OPS_ALERT.
#include <array>

#include "escalate/channel_kinds.h"

namespace ops {

std::span<const ChannelSetting> command_settings() {
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "run",
         .help = "words of a command line, no shell; a path is relative to the "
                 "configuration's folder",
         .required = true},
    });
    return kSettings;
}

void check_command(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    const SplitWords split = split_words(channel.text("run"));
    for (const expr::Problem& problem : split.problems) {
        problems.error(fields.node("run").place_of(problem.offset), problem.message);
    }
}

DeliveryResult deliver_command(const Outgoing& out) {
    const AlertDraft& alert = out.delivery.alert;
    Command command = command_of(out.channel);
    if (command.argv.empty()) return not_delivered({Fault::invalid, "no command to run"});
    command.input = alert.text(out.delivery.time_zone) + "\n";
    command.environment["OPS_ALERT"] = alert.to_json(out.delivery.time_zone).dump();
    const Result<Exit> ran = out.ports.processes.run(command);
    if (!ran.ok()) return not_delivered(ran.error());
    const Exit& exit = ran.value();
    if (exit.good()) return delivered("exit 0");
    std::string why = "'" + command.argv[0] + "': " + exit.print();
    if (!exit.output.empty()) why += ": " + exit.output;
    return not_delivered({Fault::unavailable, std::move(why)});
}

}  // namespace ops
