import Console

Program.run(StylizeLive.self)
