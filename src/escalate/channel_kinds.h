// The rows of the table in channels.cc, and the one function of each kind. Only for the .cc files
// of this room.
#pragma once

#include "config/yaml.h"
#include "escalate/channel.h"

namespace ops {

struct Outgoing {
    const ChannelSettings& channel;
    const Delivery& delivery;
    ChannelPorts& ports;
};

// channel_*.cc: one file each. `read` takes the settings below the kind's key.
void read_console(const Node& node, ChannelSettings& channel, Problems& problems);
DeliveryResult deliver_console(const Outgoing& out);
void read_command(const Node& node, ChannelSettings& channel, Problems& problems);
DeliveryResult deliver_command(const Outgoing& out);
void read_webhook(const Node& node, ChannelSettings& channel, Problems& problems);
DeliveryResult deliver_webhook(const Outgoing& out);
void read_email(const Node& node, ChannelSettings& channel, Problems& problems);
DeliveryResult deliver_email(const Outgoing& out);

DeliveryResult delivered(std::string answer);
// Whether trying again may help follows from the fault.
DeliveryResult not_delivered(Error error);
// The whole message, headers and body, CRLF lines (channel_email.cc).
std::string compose_mail(const ChannelSettings& channel, const Delivery& delivery);

}  // namespace ops
