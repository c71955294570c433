// The test program is its own prober: started with the verb `prober` it is one, as ops-agent is.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "prober/prober.h"

int main(int argc, char** argv) {
    if (argc > 1 && std::string(argv[1]) == "prober") {
        ops::RunProber options;
        for (int i = 2; i + 1 < argc; i += 2) {
            const std::string option = argv[i];
            if (option == "--config") options.config_file = argv[i + 1];
            if (option == "--listening-fd") options.listening_fd = std::atoi(argv[i + 1]);
            if (option == "--life-fd") options.life_fd = std::atoi(argv[i + 1]);
        }
        return ops::run_prober(options, [](const std::string&) { return std::nullopt; });
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
