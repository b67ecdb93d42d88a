import Console

Program.run(Framerate.self)
