// What happens to the trees before anybody reads them: files become one, ${ENV} becomes text, and
// secrets that stand there in clear are refused.
#pragma once

#include "config/settings.h"
#include "config/yaml.h"

namespace ops {

// Maps merge, lists append; a scalar given twice is an error that names both places.
void merge_into(Node& tree, Node more, Problems& problems);

// ${NAME} in every scalar becomes the variable's value, $$ a dollar; a dollar before anything else
// stays. A variable that is not set is an error.
void fill_in_environment(Node& tree, const Environment& environment, Problems& problems);

// A key named like a secret (key, token, password, secret) may not hold it in clear.
void refuse_clear_secrets(const Node& tree, Problems& problems);

}  // namespace ops
