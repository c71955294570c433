// What GET /api/v1/openapi.json says: every path of the API with its parameters, bodies and shapes.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"

namespace ops {

enum class Right { open, read, write, push };  // who may, web/api.h

struct Operation {
    std::string_view method;
    std::string_view path;  // "/api/v1/incidents/{id}"
    Right right;
    std::string_view summary;
};

// OpenAPI 3.1. Shapes are those of product.md 6; more members may follow.
Json openapi(std::span<const Operation> operations);

}  // namespace ops
