import Console

Program.run(Latency.self)
