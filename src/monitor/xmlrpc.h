// XML-RPC, as much of it as supervisord speaks: a call with text parameters, and the reply.
//
// The reader is strict and small: no DTD, no entities but the five of XML and numbers, no
// attributes, 32 levels, 1 MiB. An unknown element is an error, not a guess.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace ops {

std::string xmlrpc_call(std::string_view method, const std::vector<std::string>& parameters);

struct XmlRpcReply {
    bool is_fault = false;
    int fault_code = 0;
    std::string fault_text;
    Json value;  // of the one parameter; structs are objects
};
Result<XmlRpcReply> parse_xmlrpc(std::string_view text);

}  // namespace ops
