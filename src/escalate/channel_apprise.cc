// apprise: the program of that name, which knows some hundred services. It is told the text on its
// standard input; where it goes stands in a file of its own, as the URLs hold tokens and words of a
// command line can be seen by everybody on the machine.
#include <array>

#include "escalate/channel_kinds.h"

namespace ops {

std::span<const ChannelSetting> apprise_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "config_file",
         .help = "Apprise's own configuration, with its URLs; who runs the program must be able to "
                 "read it",
         .form = file,
         .required = true},
        {.name = "tag", .help = "only its services with this tag"},
        {.name = "program", .help = "where it is, when not on the PATH", .otherwise = "apprise"},
    });
    return kSettings;
}

DeliveryResult deliver_apprise(const Outgoing& out) {
    Command command = command_of(out.channel);
    command.input = out.delivery.alert.text(out.delivery.time_zone) + "\n";
    const Result<Exit> ran = out.ports.processes.run(command);
    if (!ran.ok()) return not_delivered(ran.error());
    const Exit& exit = ran.value();
    if (exit.good()) return delivered("apprise: all services took it");
    std::string why = "apprise: " + exit.print();
    if (exit.how == Exit::How::exited && exit.code == 3) why += ", no service has this tag";
    if (!exit.output.empty()) why += ": " + exit.output;
    return not_delivered({Fault::unavailable, std::move(why)});
}

}  // namespace ops
