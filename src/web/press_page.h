// The page behind a link of a message: what it is about, and one button. Opening it does nothing,
// since programs that look into mails open links too.
#pragma once

#include <string>

#include "base/json.h"
#include "web/messages.h"

namespace ops {

// {title, seen, label, is_old, plan}
WebReply press_page(const Json& press);
WebReply press_done(const std::string& said);
WebReply press_refused(int status, const std::string& why);

}  // namespace ops
